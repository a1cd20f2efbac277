"""`parley audit`, `doctor`, `backup`, `restore`, `retention`."""

from __future__ import annotations

from service.commands.grammar import FOLDER, Commands
from service.commands.grammar.arguments import at_least_one

PARTS = (
    "python", "folder", "secret", "database", "clock", "redis", "worker", "scheduler", "backlog", "model",
    "webhooks", "sites", "address", "port",
)  # fmt: skip

KINDS = ("site", "policy", "thread", "endpoint", "moderator", "login", "key", "model", "suggestions")


def add(commands: Commands) -> None:
    """Add the commands of this theme."""
    group = commands.group("audit", "Check what was done to comments.")
    group.add("verify", "upkeep:verify", "Check that nobody tampered with the audit log.")
    show = group.add("show", "upkeep:show", "Show what was done to one comment.")
    show.add_argument("comment")
    log = group.add("log", "upkeep:log", "Show what was done last to sites, people, keys and the like.")
    log.add_argument("--kind", choices=KINDS, help="of one kind only")
    log.add_argument("--limit", type=at_least_one, default=50, help="how many entries (50)")
    seal = group.add("seal", "upkeep:seal", "Seal the log as it stands with another key; see SECURITY.md.")
    seal.add_argument("--yes", action="store_true", help="as verify has it, I take it")
    doctor = commands.add("doctor", "upkeep:doctor", "Check every part and say what to do.")
    doctor.add_argument("--json", action="store_true", help="one JSON object a line")
    doctor.add_argument("--only", choices=PARTS, metavar="PART", help=f"one of: {', '.join(PARTS)}")
    _keeping(commands)


def _keeping(commands: Commands) -> None:
    backup = commands.add(
        "backup", "keeping:backup", "Write database, secret key and chosen model into one file, while Parley"
        " runs.",
    )  # fmt: skip
    backup.add_argument("file", metavar="FILE", help="for its owner alone")
    backup.add_argument(
        "--encrypt", action="store_true",
        help="with a passphrase: PARLEY_BACKUP_PASSPHRASE, PARLEY_BACKUP_PASSPHRASE_FILE, or typed",
    )  # fmt: skip
    backup.add_argument("--overwrite", action="store_true", help="put it in the place of such a file")
    restore = commands.add("restore", "keeping:restore", "Bring a backup back.", needs=FOLDER)
    restore.add_argument("file", metavar="FILE")
    restore.add_argument(
        "--dry-run", action="store_true", help="say what is in it and check every part; change nothing"
    )
    restore.add_argument("--overwrite", action="store_true", help="in the place of the Parley that is there")
    restore.add_argument(
        "--taken-back", metavar="IDS", help="a file with the ids of comments that were taken back since"
    )
    retention = commands.add(
        "retention", "keeping:retention", "Delete and erase what is kept for long enough. Workers do so every"
        " hour.",
    )  # fmt: skip
    retention.add_argument("--dry-run", action="store_true", help="say how much that is, and do nothing")
    retention.add_argument("--json", action="store_true", help="one JSON object a line")
