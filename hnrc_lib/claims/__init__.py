"""The ledger: every claim of the source documents with its evidence and the verdict that follows from it."""

from hnrc_lib.claims.claim import Claim, Evidence, Verdict
from hnrc_lib.claims.ledger import LEDGER
from hnrc_lib.claims.recorded import LEDGER_COMMAND, LEDGER_FILE, RecordedLedger, load_ledger
from hnrc_lib.claims.report import as_json, ledger_table
from hnrc_lib.claims.s0_defects import Defect
from hnrc_lib.claims.s0_diagnosis import diagnose

__all__ = [
    "LEDGER",
    "LEDGER_COMMAND",
    "LEDGER_FILE",
    "Claim",
    "Defect",
    "Evidence",
    "RecordedLedger",
    "Verdict",
    "as_json",
    "diagnose",
    "ledger_table",
    "load_ledger",
]
