"""Building an image: static files are collected where no secret and no server is known yet."""

from config.settings import hashed_static
from config.settings.base import *

SECRET_KEY = "signs-nothing"
STORAGES = hashed_static.STORAGES
