"""How it goes: what people and alerts ask of ``ops`` and ``recon``."""
