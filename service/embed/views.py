"""Placeholder until the embed helper's file lands: overwrite me."""

from flask import Blueprint

blueprint = Blueprint("embed", __name__)
bp = blueprint
