"""Damage as disks, mails and editors do it: a cut, flipped bits, a lost or a doubled stretch."""

from __future__ import annotations

import random


def damaged(content: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    length = chance.randrange(1, 20)
    kind = chance.choice(("cut", "flip", "lose", "double", "zero"))
    if kind == "cut":
        return content[:place]
    if kind == "lose":
        return content[:place] + content[place + length :]
    if kind == "double":
        return content[:place] + content[place : place + length] * 2 + content[place + length :]
    if kind == "zero":
        return content[:place] + bytes(min(length, len(content) - place)) + content[place + length :]
    flipped = bytearray(content)
    for _ in range(length):
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(flipped)
