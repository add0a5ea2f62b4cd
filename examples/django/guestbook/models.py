from django.db import models


class Entry(models.Model):
    text = models.CharField(max_length=200)
    written_at = models.DateTimeField(auto_now_add=True)
    # The Daypass session that wrote it: random, and no name.
    session = models.CharField(max_length=27, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entries"

    def __str__(self):
        return self.text
