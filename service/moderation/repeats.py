"""What was said before, by whom and where: the same text, and nearly the same one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.domain.ids import fingerprint
from service.domain.likeness import Sketch, sketch
from service.domain.scores import Reading
from service.storage import comments as queries
from service.storage import likenesses
from service.storage.records import CommentForLedger, LikeText

MIN_THREAD_REPEAT = 20  # characters; shorter texts ("Thank you!") are said by many
WINDOW = timedelta(days=1)  # in which nearly the same text is a repeat
LOOKED_AT = 64  # texts that share a hash with one; the work stays linear whatever they share


@dataclass(frozen=True, slots=True)
class Repeat:
    """Whose text it repeats: "author", "thread" or "site"; and whether only nearly."""

    of: str
    nearly: bool = False


@dataclass(slots=True)
class Earlier:
    """What was said before; it grows with each comment of the batch.

    ``fresh`` are the texts of the batch that are like none before.
    """

    in_thread: set[tuple[str, str]]
    by_author: set[tuple[str, str]]
    sketches: Mapping[str, Sketch]
    fresh: list[LikeText] = field(default_factory=list)
    _sharing: dict[tuple[str, int], list[LikeText]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def find(
        cls,
        connection: Connection,
        comments: Sequence[CommentForLedger],
        readings: Mapping[str, Reading | None],
        now: datetime,
    ) -> Earlier:
        """Look up what could be repeated by a batch, in as few queries as it takes."""
        authors = {one.author_id for one in comments if one.author_id}
        hashes = {text_hash(reading) for reading in readings.values() if reading}
        threads = {one.thread_id for one in comments}
        in_thread, by_author = queries.earlier_texts(connection, threads, authors, hashes)
        sketches = {one.id: sketch(one.body) for one in comments}
        wanted = {(one.site_id, part) for one in comments for part in sketches[one.id].hashes}
        found = cls(in_thread, by_author, sketches)
        for text in reversed(likenesses.find(connection, wanted, now - WINDOW)):
            found._share(text)
        return found

    def repeat(self, comment: CommentForLedger, reading: Reading | None) -> Repeat | None:
        """Say what a comment repeats, and remember it for the rest of the batch."""
        same = self._same(comment, reading) if reading else None
        nearly = self._nearly(comment)
        if same is None and nearly is None:
            text = LikeText(
                comment.id,
                comment.site_id,
                comment.thread_id,
                comment.author_id,
                self.sketches[comment.id].hashes,
            )
            self.fresh.append(text)
            self._share(text)
        return same or nearly

    def _same(self, comment: CommentForLedger, reading: Reading) -> Repeat | None:
        text, where = text_hash(reading), None
        author = (comment.author_id, text) if comment.author_id else None
        if author in self.by_author:
            where = Repeat("author")
        elif len(reading.normalised) >= MIN_THREAD_REPEAT and (comment.thread_id, text) in self.in_thread:
            where = Repeat("thread")
        self.in_thread.add((comment.thread_id, text))
        if author:
            self.by_author.add(author)
        return where

    def _nearly(self, comment: CommentForLedger) -> Repeat | None:
        ours, found = self.sketches[comment.id], set()
        near = (text for one in ours.hashes for text in self._sharing[comment.site_id, one][-LOOKED_AT:])
        for text in {text.comment_id: text for text in near}.values():
            is_own = comment.author_id is not None and text.author_id == comment.author_id
            if text.comment_id != comment.id and ours.is_like(text.hashes, by_author=is_own):
                found.add("author" if is_own else "thread" if text.thread_id == comment.thread_id else "site")
        return next((Repeat(of, nearly=True) for of in ("author", "thread", "site") if of in found), None)

    def _share(self, text: LikeText) -> None:
        for one in text.hashes:
            self._sharing[text.site_id, one].append(text)


def text_hash(reading: Reading) -> str:
    """Return the fingerprint under which repeats of a text are found, however they are typed."""
    return fingerprint(" ".join(reading.normalised.split()))
