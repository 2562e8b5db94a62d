// Ask the router at URL who has CID and who has another, and where PEER is; print the
// answers as JSON.
import { delegatedRoutingV1HttpApiClient } from '@helia/delegated-routing-v1-http-api-client'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'

const [url, cid, unknown, peer] = process.argv.slice(2)
const client = delegatedRoutingV1HttpApiClient({ url, cacheTTL: 0 })({ logger: defaultLogger() })
await client.start?.()

async function all (answers) {
  const found = []
  for await (const each of answers) {
    found.push([each.ID.toString(), each.Addrs.map(String), each.Protocols])
  }
  return found
}

const id = peerIdFromString(peer)
const stranger = peerIdFromString('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5')
const providers = options => all(client.getProviders(CID.parse(cid), options))
console.log(JSON.stringify({
  providers: await providers(),
  byGateway: await providers({ filterProtocols: ['transport-ipfs-gateway-http'] }),
  byBitswap: await providers({ filterProtocols: ['transport-bitswap'] }),
  byIp4: await providers({ filterAddrs: ['ip4'] }),
  notIp4: await providers({ filterAddrs: ['!ip4'] }),
  byQuic: await providers({ filterAddrs: ['quic-v1'] }),
  unknown: await all(client.getProviders(CID.parse(unknown))),
  peer: await all(client.getPeers(id)),
  stranger: await all(client.getPeers(stranger))
}))
await client.stop?.()
