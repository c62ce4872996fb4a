"""The text encoder learns a shop's queries: pairs, click models, contrastive and masked training."""
