"""Building an image: static files are collected where no secret and no server is known yet."""

from config.settings.base import *
from config.settings.hashed_static import STORAGES as STORAGES

SECRET_KEY = "signs-nothing"
