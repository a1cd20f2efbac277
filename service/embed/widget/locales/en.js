/**
 * English, as every article says it. A locale is one such table, and one below `later/` of what those who write read.
 * A text with a number in it is given by plural category.
 */
export default {
  title: 'Comments',
  loading: 'Loading comments…',
  count: { one: '{n} comment', other: '{n} comments' },
  empty: 'No comments yet',
  sort: 'Sort by',
  newest: 'Newest',
  oldest: 'Oldest',
  top: 'Top',
  add: 'Add a public comment…',
  addReply: 'Reply to {name}',
  anonymous: 'Anonymous',
  you: 'You',
  edited: 'edited',
  removed: 'This comment was removed.',
  reply: 'Reply',
  by: 'Comment by {name}',
  moreReplies: 'Show more replies',
  more: 'Load more comments',
  unfold: 'Show more',
  fold: 'Show less',
  fresh: { one: 'Show {n} new comment', other: 'Show {n} new comments' },
  dismiss: 'Dismiss',
  closed: 'Comments on this article are closed.',
  offline: 'You are offline. New comments will appear when you are back.',
  failed: 'Comments cannot be loaded at the moment.',
  retry: 'Try again',
  setup: 'Comments are not set up for this page.'
}
