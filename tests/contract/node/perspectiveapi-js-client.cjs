// The client of Perspective's own makers, with a constant address.
'use strict'
const { Client } = require('@conversationai/perspectiveapi-js-client')
const { answerAll } = require('./calls.cjs')

const client = new Client('any')

answerAll(({ text, options }) => client.getScores(text, options))
