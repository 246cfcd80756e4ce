"""The model card: a README.md that Hubs read too.

- `text`: the whole card
- `figures`: how good the model is, and what that depends on
- `front_matter`: the metadata in YAML
- `markdown`: outside text that stays text
"""

from auxseg.deploy.card.text import card

__all__ = ["card"]
