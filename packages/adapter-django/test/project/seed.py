"""Runs in `manage.py shell`: rows and files as Django itself makes them."""

import uuid

from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile

from archive.models import Document, Export, Note, Portrait, Revision

owner = get_user_model().objects.create_user("anna", password="swordfish-planted")
for number in range(1, 13):
    document = Document(title=f"Letter {number}" if number != 7 else "", owner=owner)
    document.file.save(f"letter {number} ä.txt", ContentFile(b"letter %d" % number))
    for version in range(number % 3):
        revision = Revision(document=document)
        revision.content.save("scan.txt", ContentFile(b"scan %d %d" % (number, version)))
        if version == 1:
            revision.preview.save("preview.txt", ContentFile(b"preview"))
for number in (3, 1, 2):
    portrait = Portrait(id=uuid.UUID(int=number << 64))
    portrait.picture.save(f"{number}.txt", ContentFile(b"portrait"))
Portrait.objects.create(id=uuid.UUID(int=9))
Export.objects.create(name="elsewhere", result="2026/all.zip")
Note.objects.create(name="plain", settings={"a": [1, None]})
session = SessionStore()
session["secret"] = "session-planted"
session.create()
