"""The only door to a live cluster: data in, frozen data out, foreign errors end here. It speaks model, never plan or spec."""

import warnings

with warnings.catch_warnings():
    # kafka-python reads its message schemas by a call that Python 3.11 deprecates: the one warning that is put up with.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka.protocol.admin
    import kafka.protocol.consumer
    import kafka.protocol.metadata
    import kafka.protocol.producer  # noqa: F401  (imported here so that no other import of it warns)
