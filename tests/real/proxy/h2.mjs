// Ask for one path by HTTP/2, stop reading after so many bytes until told to go on, and
// print what came, as a line of JSON before the halt and another at the end.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'

const [port, name, ca, path, halt] = process.argv.slice(2)
const session = http2.connect(`https://127.0.0.1:${port}`, {
  ca: readFileSync(ca), servername: name
})
const stream = session.request({ ':path': path, ':authority': `${name}:${port}` })
const hash = createHash('sha256')
const found = { bytes: 0 }
let halted = false
stream.on('response', headers => {
  found.protocol = session.alpnProtocol
  found.status = headers[':status']
  found.type = headers['content-type']
})
stream.on('data', piece => {
  found.bytes += piece.length
  hash.update(piece)
  if (!halted && found.bytes >= Number(halt)) {
    halted = true
    stream.pause()
    console.log(JSON.stringify(found))
    process.stdin.once('data', () => stream.resume())
  }
})
stream.on('end', () => {
  found.sha256 = hash.digest('hex')
  console.log(JSON.stringify(found))
  session.close()
  process.stdin.destroy()
})
