"""The wiring of the web process: it decides nothing."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service import observability
from service.api import comments, health, moderation, openai, openapi, sites, webhooks
from service.api.perspective import moving, routes
from service.embed import views as embed
from service.review import views as review
from service.settings import Settings, read_settings
from service.web import headers, problems
from service.web.bodies import MAX_BYTES
from service.web.context import make_web_context
from service.web.public_address import UnderPath

DOORS = (
    comments,
    moderation,
    webhooks,
    sites,
    routes,
    openai,
    health,
    openapi,
    moving,
    embed,
    review,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the web application. Opens nothing: connections are made when first needed."""
    settings = settings or read_settings()
    observability.configure_logging(settings.log_level)
    app = Flask("service", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BYTES, MAX_FORM_MEMORY_SIZE=MAX_BYTES)
    app.url_map.merge_slashes = False  # an address has one spelling; the others are not there
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["parley"] = make_web_context(settings)
    observability.watch(app)
    problems.install(app)
    for door in DOORS:
        app.register_blueprint(door.bp)
    app.after_request(headers.allow_host_pages)
    app.after_request(headers.redirect_within)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        host = hops if settings.forwarded_host else 0
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=host)  # type: ignore[method-assign]
    if settings.public_path:
        app.wsgi_app = UnderPath(app.wsgi_app, settings.public_path)  # type: ignore[method-assign]
    return app
