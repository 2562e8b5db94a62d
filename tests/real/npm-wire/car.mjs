// Read the CAR at each address given with @ipld/car, hash every block, and print as JSON
// its roots and its CIDs in order, or the error.
import { CarBlockIterator } from '@ipld/car'
import { sha256 } from 'multiformats/hashes/sha2'
import { equals } from 'multiformats/bytes'

async function read (url) {
  try {
    const reply = await fetch(url)
    const blocks = await CarBlockIterator.fromIterable(reply.body)
    const cids = []
    for await (const { cid, bytes } of blocks) {
      const { digest } = await sha256.digest(bytes)
      if (!equals(digest, cid.multihash.digest)) throw new Error(`${cid} is a lie`)
      cids.push(cid.toString())
    }
    return { status: reply.status, roots: (await blocks.getRoots()).map(String), cids }
  } catch (error) {
    return { error: String(error) }
  }
}

const found = []
for (const url of process.argv.slice(2)) found.push(await read(url))
console.log(JSON.stringify(found))
