"""Telling host sites what happened: their endpoints, the way from the outbox to deliveries, the log to pull.

The promise: every event of a site is delivered to each of its active endpoints at least once, with the
same id and the same bytes on every try. Of one subject (a comment, a thread, …), a later event never
overtakes an earlier one that is still undelivered; once an event was given up, the later ones go on.
Receivers know repeats by ``webhook-id`` and drop a ``sequence`` lower than one they have seen. While an
endpoint is disabled, nothing is sent and no deliveries are made for it: what it missed is in the log of
events. Deliveries that waited before are kept and go on when it is enabled again.
"""
