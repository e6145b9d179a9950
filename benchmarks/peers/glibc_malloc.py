"""How PyTorch on the CPU is given its best malloc: by a start of the script anew, since glibc reads the setting at start only."""
import os
import sys

# Transparent huge pages for the heap; nothing by mmap (each such block would be returned to the system and cleared again in the
# next step); never give memory back. Worth 20 % of a step where it was tried.
HUGE = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=0x7fffffffffffffff"


def use_huge_pages():
    """Starts this script again with that setting, unless it runs with it."""
    if os.environ.get("GLIBC_TUNABLES") != HUGE:
        os.environ["GLIBC_TUNABLES"] = HUGE
        os.execv(sys.executable, [sys.executable, *sys.argv])
