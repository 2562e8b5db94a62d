// From {seed, seq, addresses, ours} on stdin: print what js-libp2p makes of the same peer
// record, what it reads in ours, and the bytes of each address.
import { json } from 'node:stream/consumers'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'

const hex = bytes => Buffer.from(bytes.subarray()).toString('hex')
const { seed, seq, addresses, ours } = await json(process.stdin)
const key = await generateKeyPairFromSeed('Ed25519', Buffer.from(seed, 'hex'))
const multiaddrs = addresses.map(text => multiaddr(text))
const record = new PeerRecord({
  peerId: peerIdFromPrivateKey(key), seqNumber: BigInt(seq), multiaddrs
})
const envelope = await RecordEnvelope.seal(record, key)
const opened = await RecordEnvelope.openAndCertify(Buffer.from(ours, 'hex'), PeerRecord.DOMAIN)
const read = PeerRecord.createFromProtobuf(opened.payload)
console.log(JSON.stringify({
  theirs: hex(envelope.marshal()),
  read: [read.peerId.toString(), Number(read.seqNumber), read.multiaddrs.map(String)],
  bytes: multiaddrs.map(each => hex(each.bytes)),
  texts: multiaddrs.map(each => multiaddr(each.bytes).toString())
}))
