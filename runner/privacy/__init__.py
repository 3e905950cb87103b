"""Where marks of schemas take effect: what is personal or secret in a value, and what stands in its place.

Owns: finding marked values, blanking and masking them, and taking known values out of any text. It is pure: which
values a run has is told by `core.marked`, keys for tokens by the journal, and where redaction happens by `app` and
`runtimes.dispatch`.
"""

from flowrun.privacy.marks import Found, blanked, found, kinds_in, redacted
from flowrun.privacy.masking import Masking
from flowrun.privacy.scrub import Scrubber

__all__ = ["Found", "Masking", "Scrubber", "blanked", "found", "kinds_in", "redacted"]
