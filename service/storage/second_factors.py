"""Queries on second factors and recovery codes. Of those who try a code at once, it is good for one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select, update

from service.storage.records import Factor, columns, row_of, values_of
from service.storage.tables import Moderator, RecoveryCode, SecondFactor


def hold(connection: Connection, moderator: str) -> None:
    """Hold a moderator's row: a login that is under way sees what is changed, or has its session before."""
    connection.execute(select(Moderator.id).where(Moderator.id == moderator).with_for_update())


def find(connection: Connection, moderator: str) -> Factor | None:
    """Return a moderator's second factor, if they have one."""
    query = select(*columns(Factor, SecondFactor)).where(SecondFactor.moderator_id == moderator)
    return row_of(Factor, connection.execute(query))


def add(connection: Connection, new: Factor, code_hashes: Sequence[str]) -> None:
    """Insert a second factor with its recovery codes."""
    connection.execute(insert(SecondFactor), values_of(new))
    replace_codes(connection, new.moderator_id, code_hashes)


def drop(connection: Connection, moderator: str) -> bool:
    """Delete a second factor with its recovery codes; whether there was one."""
    gone = delete(SecondFactor).where(SecondFactor.moderator_id == moderator)
    return connection.execute(gone).rowcount == 1


def use_step(connection: Connection, moderator: str, step: int) -> bool:
    """Use up the code of a step; False where it, or a later one, was used before."""
    unused = (SecondFactor.moderator_id == moderator, SecondFactor.last_step < step)
    return connection.execute(update(SecondFactor).where(*unused).values(last_step=step)).rowcount == 1


def use_code(connection: Connection, moderator: str, code_hash: str) -> bool:
    """Use up a recovery code; False where there is none such."""
    same = (RecoveryCode.moderator_id == moderator, RecoveryCode.code_hash == code_hash)
    return connection.execute(delete(RecoveryCode).where(*same)).rowcount == 1


def codes_left(connection: Connection, moderator: str) -> int:
    """Return how many recovery codes there are still."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.moderator_id == moderator)
    return connection.execute(query).scalar_one()


def replace_codes(connection: Connection, moderator: str, code_hashes: Sequence[str]) -> None:
    """Put new recovery codes in the place of all there were."""
    connection.execute(delete(RecoveryCode).where(RecoveryCode.moderator_id == moderator))
    rows = [{"moderator_id": moderator, "code_hash": code_hash} for code_hash in code_hashes]
    connection.execute(insert(RecoveryCode), rows)
