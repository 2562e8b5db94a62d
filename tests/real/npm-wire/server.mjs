// A server that asks for a login at /fabnet/auth, as js-libp2p does; print its port and
// peer id as JSON, and serve until stdin ends.
import { createServer } from 'node:http'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { createServerChallenge, serverResponds } from '@libp2p/http-peer-id-auth'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'

const key = await generateKeyPair('Ed25519')

async function answer (request, response) {
  const host = request.headers.host
  const shown = request.headers.authorization
  if (shown == null) {
    response.setHeader('WWW-Authenticate', await createServerChallenge(host, key))
    response.writeHead(401).end()
    return
  }
  const found = await serverResponds(shown, host, key)
  if (found.info != null) response.setHeader('Authentication-Info', found.info)
  if (found.authenticate != null) response.setHeader('WWW-Authenticate', found.authenticate)
  response.writeHead(found.authenticate == null ? 200 : 401).end(found.peerId?.toString())
}

const server = createServer((request, response) => {
  answer(request, response).catch(error => response.writeHead(400).end(String(error)))
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  console.log(JSON.stringify({ port, peer: peerIdFromPrivateKey(key).toString() }))
})
process.stdin.resume().on('end', () => process.exit(0))
