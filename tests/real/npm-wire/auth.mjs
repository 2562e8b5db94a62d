// Log in at the node whose URL, multiaddr and id are given, as js-libp2p does, in each
// way it can; print what came of each as JSON.
import { generateKeyPair } from '@libp2p/crypto/keys'
import { http } from '@libp2p/http'
import { peerIdAuth } from '@libp2p/http/middleware'
import { ClientInitiatedHandshake, ServerInitiatedHandshake } from '@libp2p/http-peer-id-auth'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createLibp2p } from 'libp2p'

const [url, address] = process.argv.slice(2)
const path = `${url}/fabnet/auth`
const host = new URL(url).host
const key = await generateKeyPair('Ed25519')
const found = { us: peerIdFromPrivateKey(key).toString() }

async function ask (authorization, method = 'GET') {
  return await fetch(path, { method, headers: authorization == null ? {} : { authorization } })
}

// The client goes first.
{
  const shake = new ClientInitiatedHandshake(key, host)
  const asked = await ask(shake.getChallenge(), 'OPTIONS')
  const told = await ask(await shake.verifyServer(asked.headers.get('www-authenticate')))
  const bearer = shake.decodeBearerToken(told.headers.get('authentication-info'))
  const again = await ask(bearer)
  found.clientFirst = [asked.status, told.status, again.status, shake.serverId.toString()]
  const flipped = bearer.replace(/.(?="$)/, l => l === 'A' ? 'B' : 'A')
  found.forgedBearer = (await ask(flipped.replace(/bearer="./, 'bearer="_'))).status
}

// The server goes first.
{
  const shake = new ServerInitiatedHandshake(key, host)
  const asked = await ask()
  const told = await ask(await shake.answerServerChallenge(asked.headers.get('www-authenticate')))
  const bearer = await shake.decodeBearerToken(told.headers.get('authentication-info'))
  const again = await ask(bearer)
  found.serverFirst = [asked.status, told.status, again.status, shake.serverId.toString()]
}

// What was meant for another host.
{
  const shake = new ClientInitiatedHandshake(key, 'elsewhere.example')
  const asked = await ask(shake.getChallenge())
  found.otherHost = await shake.verifyServer(asked.headers.get('www-authenticate'))
    .then(() => 'believed', error => error.name)
}

found.preflight = (await ask(null, 'OPTIONS')).status

// The whole of @libp2p/http, which looks the path up in the well-known map.
const node = await createLibp2p({ privateKey: key, start: false, services: { http: http() } })
await node.start()
const verified = []
const options = {
  middleware: [peerIdAuth({ verifyPeer: id => { verified.push(id.toString()); return true } })]
}
const at = multiaddr(address)
const one = await node.services.http.fetchProtocol(at, '/http-peer-id-auth/1.0.0', options)
const map = await node.services.http.fetch(new URL(`${url}/.well-known/libp2p/protocols`))
found.whole = [one.status, one.headers.get('x-libp2p-peer-id'), verified[0]]
found.wellKnown = await map.json()
await node.stop()
console.log(JSON.stringify(found))
