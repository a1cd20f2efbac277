// Google's library when it still had a class of its own for this API; the address is an option, in two places.
'use strict'
const { google } = require('googleapis44')
const { answerAll } = require('./calls.cjs')

answerAll(async ({ method, resource, ofClient = {}, ofCall = {} }) => {
  const client = google.commentanalyzer({ version: 'v1alpha1', ...ofClient })
  const { data, status, request } = await client.comments[method]({ key: 'any', resource }, ofCall)
  return { data, status, url: request.responseURL }
})
