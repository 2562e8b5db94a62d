// Print, as JSON, the CID that helia gives each file and folder under a path; its own is
// under ''. With `names`, of a folder that holds a file `x` under each name on stdin.
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { unixfs } from '@helia/unixfs'

// Blocks are named and forgotten: only their names are wanted.
const blockstore = {
  put: async (cid) => cid,
  has: async () => false
}

function * files (folder, at = '') {
  for (const entry of readdirSync(join(folder, at), { withFileTypes: true })) {
    const path = at === '' ? entry.name : `${at}/${entry.name}`
    if (entry.isDirectory()) {
      yield * files(folder, path)
    } else {
      yield { path, content: createReadStream(join(folder, path)) }
    }
  }
}

function * named (names) {
  for (const path of names) {
    yield { path, content: new TextEncoder().encode('x') }
  }
}

const [what, path] = process.argv.slice(2)
const source = what === 'names' ? named(await json(process.stdin)) : files(path)
const options = { profile: 'unixfs-v1-2025', wrapWithDirectory: true }
const found = {}
for await (const entry of unixfs({ blockstore }).addAll(source, options)) {
  found[entry.path] = entry.cid.toString()
}
if (Object.keys(found).length === 0) {
  // addAll says nothing of nothing.
  const cid = await unixfs({ blockstore }).addDirectory({}, options)
  found[''] = cid.toString()
}
console.log(JSON.stringify(found))
