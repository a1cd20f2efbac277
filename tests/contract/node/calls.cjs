// The calls come on standard input as a JSON list, and what became of each goes to standard output as another.
'use strict'
const { readFileSync } = require('node:fs')

/** @param {(call: any) => Promise<any>} act Makes one call with a client and returns what its user reads. */
exports.answerAll = async (act) => {
  const answers = []
  for (const call of JSON.parse(readFileSync(0, 'utf8'))) {
    answers.push(await act(call).then((value) => ({ value }), (error) => ({ error: readable(error) })))
  }
  process.stdout.write(JSON.stringify(answers))
}

/** @param {any} error What a client threw. */
function readable(error) {
  const { name, message, code, response } = error
  return { name, message, code, body: response?.data }
}
