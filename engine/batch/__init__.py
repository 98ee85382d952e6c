"""Many photos at once: folders in, a folder out; one bad file never stops the rest.

`job` says what is asked, `plan` which photos, masks and results that means, `work` does one photo,
`settle` and `log` keep results whole and resumable, `runner`, `cluster` and `watch` run it.
"""

from engine.batch.job import BatchJob, MaskRule, NothingMatchedError
from engine.batch.log import EXISTS, FAILED, FILLED, NO_MASK, NOTHING, Record
from engine.batch.plan import Item, plan_batch
from engine.batch.runner import Control, Status, Summary, run_batch
from engine.batch.workers import Workers

__all__ = [
    "EXISTS",
    "FAILED",
    "FILLED",
    "NOTHING",
    "NO_MASK",
    "BatchJob",
    "Control",
    "Item",
    "MaskRule",
    "NothingMatchedError",
    "Record",
    "Status",
    "Summary",
    "Workers",
    "plan_batch",
    "run_batch",
]
