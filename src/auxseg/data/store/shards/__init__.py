"""A store of several files: a folder of shards, which readers see as one.

Layout::

    NAME/
    ├── shards.json       the index
    ├── shard-0000.h5     a store of its own, as `auxseg.data.store` describes it
    ├── shard-0001.h5
    └── ...

The samples of the whole are those of the shards, one after another in the order of the index. The shards agree about
everything but their samples: size, fitting, classes, layers, channels. No id stands in two of them.

The index is a JSON object::

    format         1
    content_hash   that of one file with the same samples in the same order, see `auxseg.data.store`
    shards         a list of {"file": name, "samples": number, "content_hash": that of the shard}
    provenance     as in the header of one file; that of a shard says nothing that counts samples of the whole
    skipped        samples that were left out, and why
    dropped        labels that were left out, and why; a shard's header has those of its own samples

Shards are named by plain file names: an index leads nowhere outside of its folder.
"""
