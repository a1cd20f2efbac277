"""`parley audit`, `doctor`."""

from __future__ import annotations

from service.commands.grammar import Commands

PARTS = (
    "python", "folder", "secret", "database", "redis", "worker", "scheduler", "backlog", "model",
    "webhooks", "sites", "address", "port",
)  # fmt: skip


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    group = commands.group("audit", "Check what was done to comments.")
    group.add("verify", "upkeep:verify", "Check that nobody tampered with the audit log.")
    show = group.add("show", "upkeep:show", "Show what was done to one comment.")
    show.add_argument("comment")
    doctor = commands.add("doctor", "upkeep:doctor", "Check every part and say what to do.")
    doctor.add_argument("--json", action="store_true", help="one JSON object a line")
    doctor.add_argument("--only", choices=PARTS, metavar="PART", help=f"one of: {', '.join(PARTS)}")
