// Google's library of today: the only thing that is told to it is where the discovery document is.
import { google } from 'googleapis'
import { answerAll } from './calls.cjs'

const client = await google.discoverAPI(process.argv[2])

await answerAll(async ({ method, resource }) => {
  const { data, status, url, redirected } = await client.comments[method]({ key: 'any', resource })
  return { data, status, url, redirected }
})
