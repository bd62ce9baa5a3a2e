import uuid

from django.conf import settings
from django.db import models

from office.storage import BucketStorage, private_storage, scan_storage


class Document(models.Model):
    title = models.CharField(max_length=200)
    file = models.FileField(upload_to="documents/%Y", max_length=255)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    added = models.DateTimeField(auto_now_add=True)


class Revision(models.Model):
    document = models.ForeignKey(Document, models.CASCADE)
    content = models.FileField(storage=scan_storage, upload_to="revisions")
    preview = models.FileField(storage=scan_storage, upload_to="previews", blank=True)


class Portrait(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    picture = models.FileField(storage=private_storage, null=True, blank=True)


class Export(models.Model):
    name = models.CharField(max_length=100)
    result = models.FileField(storage=BucketStorage())


class Note(models.Model):
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
