// A client with a constant address.
'use strict'
const Perspective = require('perspective-api-client')
const { answerAll } = require('./calls.cjs')

const client = new Perspective({ apiKey: 'any' })

answerAll(({ text, options }) => client.analyze(text, options))
