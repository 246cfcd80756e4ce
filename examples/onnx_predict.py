"""The mask of an image by an exported network, without auxseg: python onnx_predict.py MODEL.onnx IMAGE MASK.png"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def predict(session: onnxruntime.InferenceSession, photograph: Image.Image) -> np.ndarray:
    """Class ids of the image's pixels; the file itself says how to get there."""
    how = json.loads(session.get_modelmeta().custom_metadata_map["input"])
    photograph = (ImageOps.exif_transpose(photograph) if how["exif"] == "apply" else photograph).convert("RGB")
    full_height, full_width = how["size"] if isinstance(how["size"], list) else (how["size"], how["size"])
    scale = min(full_width / photograph.width, full_height / photograph.height)
    fitted = (max(1, round(photograph.width * scale)), max(1, round(photograph.height * scale)))
    width, height = (full_width, full_height) if how["resize"] == "squash" else fitted
    left, top = (full_width - width) // 2, (full_height - height) // 2
    picture = Image.new("RGB", (full_width, full_height), (how["padding_grey"],) * 3)
    picture.paste(photograph.resize((width, height), Image.Resampling.BILINEAR), (left, top))
    pixels = np.asarray(picture, np.float32).transpose(2, 0, 1)[None] / 255
    (logits,) = session.run(["segmentation"], {how["name"]: pixels})
    exponentials = np.exp(logits[0] - logits[0].max(0))
    probabilities = (exponentials / exponentials.sum(0))[:, top : top + height, left : left + width]
    enlarged = [Image.fromarray(each).resize(photograph.size, Image.Resampling.BILINEAR) for each in probabilities]
    return np.argmax([np.asarray(each) for each in enlarged], 0).astype(np.uint8)


if __name__ == "__main__":
    mask = predict(onnxruntime.InferenceSession(sys.argv[1]), Image.open(sys.argv[2]))
    Image.fromarray(mask).save(sys.argv[3])
