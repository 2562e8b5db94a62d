// Find a folder through the router at URL, with no gateway named, and fetch all of it
// from whoever has it; print the SHA-256 of each file as JSON. Then the same files by
// verified-fetch, whole and in part.
import { createHash } from 'node:crypto'
import { withHTTP } from '@helia/http'
import { unixfs } from '@helia/unixfs'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const [url, root, long] = process.argv.slice(2)
const helia = await withHTTP(createHeliaLight(), {
  delegatedRouters: [url], recursiveGateways: [], allowInsecure: true, allowLocal: true
}).start()
const fs = unixfs(helia)
const found = {}

async function read (cid, at) {
  for await (const entry of fs.ls(cid)) {
    const path = at === '' ? entry.name : `${at}/${entry.name}`
    const { type } = await fs.stat(entry.cid)
    if (type === 'directory') {
      await read(entry.cid, path)
      continue
    }
    const sha = createHash('sha256')
    for await (const piece of fs.cat(entry.cid)) sha.update(piece)
    found[path] = sha.digest('hex')
  }
}

await read(CID.parse(root), '')
const verifiedFetch = await createVerifiedFetch(helia)
const fetched = {}
for (const path of Object.keys(found)) {
  const reply = await verifiedFetch(`ipfs://${root}/${path.split('/').map(encodeURIComponent).join('/')}`)
  const sha = createHash('sha256').update(Buffer.from(await reply.arrayBuffer()))
  fetched[path] = [reply.status, sha.digest('hex')]
}
const part = await verifiedFetch(`ipfs://${root}/${long}`, { headers: { range: 'bytes=1048570-1048585' } })
const bytes = Buffer.from(await part.arrayBuffer()).toString('hex')
console.log(JSON.stringify({ found, fetched, part: [part.status, bytes] }))
await verifiedFetch.stop()
await helia.stop()
process.exit(0)
