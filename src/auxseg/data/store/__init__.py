"""The file that holds prepared data: written once, read without HDF5. `shards` describes a store of several such files,
`writing.content_hash` what the content hash covers.

Layout, version 1.1 (``N`` samples, height ``H``, width ``W``, ``L`` kinds of label)::

    /image            uint8  (N, H, W, 3)   one sample per chunk, not compressed
    /mask             uint8  (N, H, W)      one sample per chunk, not compressed; all IGNORE without a mask
    /has_mask         bool   (N,)
    /box              float32 (N, 4)        x0 y0 x1 y1, half-open, normalised to the stored image; NaN if missing
    /classes          int32  (N, L)         index into each label's names, in the header's order; MISSING if missing
    /split            uint8  (N,)           index into SPLITS
    /original_size    int32  (N, 2)         height and width of the photograph
    /orientation      uint8  (N,)           EXIF orientation of the photograph, 1 to 8 (older files lack it)
    /is_turned        bool   (N,)           whether the photograph was turned by it (older files lack it)
    /perceptual_hash  uint64 (N,)           difference hash of the photograph
    /id, /group       texts                 the group is empty where none is known
    /image_hash       texts                 SHA-256 of the photograph's pixels and shape
    /header           uint8  (bytes,)       a JSON object

Texts are two datasets: ``/id`` holds the UTF-8 bytes of all ids, one after another, and ``/id_end`` (int64, (N,)) says
where each of them ends. Attributes of the root: ``schema_version`` and ``content_hash``.

The header holds ``size``, ``resize``, ``border``, ``box_from_mask``, ``mask_classes``, ``labels`` (label -> names),
``provenance`` and ``skipped`` (pairs of id and reason). Where they say something: ``exif`` (``ignore`` where
photographs are not turned by their orientation), ``dropped`` (pairs of id and reason: labels that could not be used),
``category_ids`` and ``has_background``, see `Vocabulary`.

Version 2 is what a file with layers has, 2.1 one with other layers than maps and masks; all else is as in 1.1. The
header holds ``layers`` (name -> form and ``hash``, the SHA-256 of form, presence and values), and `layers` beside this
file says what there is for each layer.

The content hash covers the layers' hashes. The hashes of photographs do not.

Version 3 is what a file has whose pictures are not square, with layers or without; ``size`` in its header is a list of
height and width. In older versions both are ``size``.

Version 4 is what a file has whose images are not RGB of 8 bits. ``channels`` in its header holds their ``names`` and
``dtype``, uint8 or uint16, and ``/image`` is (N, H, W, C) of this type; all else is as in version 3.

A file of any of these versions that keeps the masks at the size of their photographs also has::

    /original_masks/blocks  uint8 (M, 65536)   the zlib streams of all masks, one after another, cut into chunks
    /original_masks/first   int64 (N+1,)       where each sample's stream begins; it is empty without a mask

The header then holds ``original_masks`` with their ``hash``, the SHA-256 over presence, shape and pixels. The content
hash does not cover it: nothing is trained on them, and a store that is prepared again with them stays the same data.

Version 5 is what a file has whose images have each their own size. The header's ``size`` is then a mapping with
``long_side``: the most pixels of a longer side, or null where all images are at their original size. In place of the
fixed arrays there are::

    /shapes        int32 (N, 2)         height and width of each sample's image and mask
    /image/blocks  uint8 (M, 65536)     the pixels of all images, row after row, one after another, cut into chunks
    /image/first   int64 (N+1,)         where each sample's pixels begin
    /mask/...                           the same for the masks

and ``blocks`` and ``first`` also for every layer with values for each pixel, empty for a sample without it. Boxes are
normalised to the sample's own image. The content hash covers the shapes.

Version 1 differed in its texts alone: strings of variable length in HDF5's own heap (`auxseg.data.store.old_texts`),
attributes of the root in place of the header, and a dataset ``/classes/<label>`` for each label. The content hash is
the same in both.
"""
