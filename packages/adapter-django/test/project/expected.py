"""Runs in `manage.py shell`: what Django itself says about its files, to compare with."""

import json
import os

from django.apps import apps
from django.db import models

print()
lines = []
for model in apps.get_models():
    for field in model._meta.local_concrete_fields:
        if not isinstance(field, models.FileField) or not hasattr(field.storage, "base_location"):
            continue
        for row in model.objects.exclude(**{field.name: ""}).exclude(**{field.name: None}):
            file = getattr(row, field.name)
            lines.append([model._meta.db_table, field.column, os.path.relpath(file.path), file.size])
print("EXPECTED " + json.dumps(sorted(lines)))
