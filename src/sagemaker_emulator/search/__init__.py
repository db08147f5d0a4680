"""Search over the emulator's resources.

The path of a request leads downwards:

    operations/experiments/search.py    translates the request
    search.py         Search: find, sort, page
    records.py        the resources of a type as SearchRecord has them
    expressions.py    SearchExpression: filters, nested filters, sub-expressions; evaluated on one record
    conditions.py     one filter: its operator and value against the values of a property
    properties.py     the values of a property, such as Metrics.accuracy or InputDataConfig.ChannelName, in a record

Nothing is indexed: a search describes every resource of its type, which takes 60 to 80 microseconds for each.
"""
