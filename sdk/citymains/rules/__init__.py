"""Local rules as data: packs in layers, resolved by place and date, merged field by field."""
