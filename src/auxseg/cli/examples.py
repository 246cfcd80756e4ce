"""What the help of a command ends with: lines that a person may type, and how folders have to look."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "data synthesize": (
        "auxseg data synthesize --out animals.h5",
        "auxseg data synthesize --out small.h5 --samples 200 --size 64",
        "auxseg data synthesize --kind rooms --out rooms.h5 --seed 1 --overwrite",
    ),
    "data download": (
        "auxseg data download oxford-iiit-pet --to data/oxford-iiit-pet",
        "auxseg data download oxford-iiit-pet --to data/oxford-iiit-pet --json",
        "auxseg data prepare oxford-iiit-pet data/oxford-iiit-pet --out pets.h5    (what comes next)",
    ),
    "data prepare": (
        "auxseg data prepare folder mine --out mine.h5 --split 70-15-15",
        "auxseg data prepare coco mine/annotations.json --out mine.h5 --size 512 --resize letterbox",
        "auxseg data prepare oxford-iiit-pet data/oxford-iiit-pet --out pets.h5 --border ignore --original-masks",
    ),
    "data inspect": (
        "auxseg data inspect mine.h5",
        "auxseg data inspect mine.h5 --html mine.html",
        "auxseg data inspect mine.h5 --json > mine.json",
    ),
    "data export": (
        "auxseg data export mine.h5 mine-folder",
        "auxseg data export mine.h5 mine-coco --to coco",
        "auxseg data prepare folder mine-folder --out again.h5    (reads it back)",
    ),
    "data convert": (
        "auxseg data convert old.h5 --out new.h5",
        "auxseg data convert old.h5 --out new.h5 --overwrite",
        "auxseg data convert large.h5 --out large --shard-size 2000",
    ),
    "data join": (
        "auxseg data join monday.h5 tuesday.h5 --out week",
        "auxseg data join week wednesday.h5 --out longer",
        "auxseg data convert week --out week.h5    (makes one file of it)",
    ),
    "presets": (
        "auxseg presets",
        "auxseg presets tiny",
        "auxseg presets tiny-mtl > mine.yaml",
    ),
    "settings": (
        "auxseg settings",
        "auxseg settings training",
        "auxseg settings balancer.weights --json",
    ),
    "train": (
        "auxseg train tiny-mtl --data mine.h5 --out runs/tiny",
        "auxseg train mobilenet-unet --data mine.h5 --set training.epochs=5 model.weights=WEIGHTS.safetensors",
        "auxseg train tiny-mtl --data mine.h5 --grid balancer.weights.box=0.1,0.5 seed=0,1",
    ),
    "study": (
        "auxseg study --base tiny-mtl --auxiliaries classification,box --data mine.h5 --out studies/mine",
        "auxseg study question.yaml --data mine.h5 --out studies/mine --dry-run",
        "auxseg study --base tiny-mtl --auxiliaries box,edges --data mine.h5 --budget 2h --best best.yaml",
    ),
    "evaluate": (
        "auxseg evaluate runs/tiny",
        "auxseg evaluate runs/tiny runs/tiny-mtl --split val --mirrored",
        "auxseg evaluate runs/tiny --at original    (after data prepare --original-masks)",
    ),
    "predict": (
        "auxseg predict runs/tiny photo.jpg --out masks",
        "auxseg predict runs/tiny photos --out masks --overwrite",
        "auxseg predict runs/tiny photos --out masks --device cpu --json",
    ),
    "export": (
        "auxseg export runs/tiny --out tiny.onnx",
        "auxseg export runs/tiny --out mask.onnx --tasks segmentation --int8 --data mine.h5",
        "auxseg export runs/tiny --out tiny.xml --format openvino",
    ),
    "report": (
        "auxseg report runs/tiny",
        "auxseg report runs/tiny runs/tiny-mtl --out comparison.html",
        "auxseg report studies/mine",
    ),
    "model pack": (
        "auxseg model pack runs/tiny --out models/tiny",
        "auxseg model pack runs/tiny --out models/tiny --overwrite --json",
        "auxseg predict models/tiny photos --out masks    (what comes next)",
    ),
    "model push": (
        "auxseg model push models/tiny OWNER/tiny",
        "auxseg model push models/tiny OWNER/tiny --private",
        "auxseg predict hf://OWNER/tiny photos --out masks    (what others type)",
    ),
    "model card": (
        "auxseg model card runs/tiny",
        "auxseg model card runs/tiny > README.md",
        "auxseg model card runs/tiny --json",
    ),
    "serve": (
        "auxseg serve runs/tiny",
        "auxseg serve runs/tiny runs/tiny-mtl --host 0.0.0.0 --port 8000",
        "auxseg serve runs/tiny --queue 4 --allow-host models.example.org    (behind a proxy of that name)",
    ),
    "bench": (
        "auxseg bench",
        "auxseg bench startup",
        "auxseg bench step --set rounds=20",
    ),
    "completion": (
        "source <(auxseg completion bash)",
        "source <(auxseg completion zsh)",
        "auxseg completion fish > ~/.config/fish/completions/auxseg.fish",
    ),
}

NOTES: Final[dict[str, str]] = {
    "data prepare": """Expected folders:
  folder           mine/images/NAME.jpg
                   mine/masks/NAME.png       pixels are class ids; 255 is ignored
                   mine/classes.txt          one name per line, background first (optional)
                   mine/labels.csv           id,split,group and kinds of label (optional)
                   mine/boxes.csv            id,x0,y0,x1,y1 in pixels (optional)
  coco             mine/annotations.json     and the images that it names
  voc              mine/JPEGImages/NAME.jpg
                   mine/SegmentationClass/NAME.png
                   mine/Annotations/NAME.xml
                   mine/ImageSets/Segmentation/train.txt, val.txt, test.txt
  yolo             mine/data.yaml            names, and the images of train, val and test
                   mine/images/train/NAME.jpg
                   mine/labels/train/NAME.txt class cx cy w h, or class x1 y1 x2 y2 ..., from 0 to 1
  index            mine.csv, mine.parquet    image,mask,split,id,group, a box as x0,y0,x1,y1, kinds
                                             of label; all but image are optional
  oxford-iiit-pet  the folders images and annotations, as downloaded
  split-h5         train/images.h5           dataset images, rows of height x width x 3
                   train/masks.h5            dataset masks, rows of height x width
                   train/bboxes.h5           dataset bboxes, x0 y0 x1 y1 in pixels (optional)
                   train/binary.h5           dataset binary, 0 cat or 1 dog (optional)
                   and the same in val and test
  arrays           train/image/0.npy         height x width x 3: uint8, or numbers from 0 to 1
                   train/label/0.npy         class ids; -1 and 255 are ignored (optional)
                   train/depth/0.npy         metres; 0 where it is not known (optional)
                   train/normal/0.npy        unit vectors, height x width x 3 (optional)
                   and the same in val; any other folder is a map or, of whole numbers, a mask
  huggingface      mine/dataset_dict.json    and mine/train/data-*.arrow, as save_to_disk writes, or
                   mine/data/train-*.parquet columns of images, masks and class labels"""
}
