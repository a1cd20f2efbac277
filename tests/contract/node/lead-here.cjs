// Required before a client whose address cannot be changed: does for one process what DNS would do. The name
// leads to our port; the client still asks for the name, and still checks its certificate. No other way is open.
'use strict'
const { Socket } = require('node:net')

const { connect } = Socket.prototype
Socket.prototype.connect = function (...given) {
  const [options, started] = Array.isArray(given[0]) ? given[0] : given
  if (options.host !== 'commentanalyzer.googleapis.com' || Number(options.port) !== 443) {
    throw new Error(`nothing leads to ${options.host}:${options.port}`)
  }
  return connect.call(this, { ...options, host: '127.0.0.1', port: Number(process.env.FRONT_PORT) }, started)
}
