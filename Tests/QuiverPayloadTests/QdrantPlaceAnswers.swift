/// What Qdrant 1.19's engine (qdrant-edge-py 0.8.0) answers about places without an index: payloads, one a line and named
/// by its place; then the shape, its numbers (longitude first; a box by its top left and bottom right, a circle with its
/// metres, a polygon ring by ring), and the places of the payloads that match. Its geo index loses some of these.
let qdrantPlaceAnswers = #"""
    {"g":{"lon":0,"lat":0}}
    {"g":{"lon":10,"lat":0}}
    {"g":{"lon":10,"lat":10}}
    {"g":{"lon":5,"lat":5}}
    {"g":{"lon":180,"lat":0}}
    {"g":{"lon":-180,"lat":0}}
    {"g":{"lon":0,"lat":90}}
    {"g":{"lon":200,"lat":5}}
    {"g":{"lon":"5","lat":5}}
    {"g":[{"lon":50,"lat":50},{"lon":5,"lat":5}]}
    {"g":{"lon":5.0,"lat":5,"x":1}}
    {"g":{"lon":5}}
    {"g":[5,5]}
    {"g":null}
    {"g":{"lon":175,"lat":1}}
    {"g":{"lon":-175,"lat":1}}
    {"g":[[{"lon":5,"lat":5}]]}
    {"g":{"lon":5,"lat":0}}
    {"g":{"lon":2,"lat":2}}
    {"g":{"lon":3,"lat":3}}
    {}
    ----
    box | 0 10 10 0 | 3 9 10 18 19
    box | -1 11 11 -1 | 0 1 2 3 9 10 17 18 19
    box | 170 5 -170 -5 | 4 5 14 15
    box | -170 5 170 -5 | 0 1 17 18 19
    box | 5 5 5 5 | 
    box | 0 0 10 10 | 
    box | 179 5 -180 -5 | 4
    box | 180 5 -175 -5 | 5
    box | -180 90 180 -90 | 0 1 2 3 9 10 14 15 17 18 19
    radius | 0 0 0 | 
    radius | 0 0 1 | 0
    radius | 0 0 1111951 | 0 1 3 9 10 17 18 19
    radius | 5 5 0.001 | 3 9 10
    radius | 180 0 1 | 4 5
    radius | 0 90 1000000.0 | 6
    radius | 0 0 1000000000.0 | 0 1 2 3 4 5 6 7 9 10 14 15 17 18 19
    radius | 0 0 -1.0 | 
    radius | 0 0 20015114.442035925 | 0 1 2 3 6 7 9 10 14 15 17 18 19
    radius | 0 0 20015115 | 0 1 2 3 4 5 6 7 9 10 14 15 17 18 19
    polygon | 0 0 10 0 10 10 0 10 0 0 | 3 9 10 18 19
    polygon | 0 0 0 10 10 10 10 0 0 0 | 3 9 10 18 19
    polygon | 0 0 10 0 10 10 0 10 0 0 ; 2 2 8 2 8 8 2 8 2 2 | 
    polygon | 0 0 10 0 10 10 0 10 0 0 ; 3 3 5 3 5 5 3 5 3 3 | 18
    polygon | 0 0 10 10 10 0 0 10 0 0 | 
    polygon | 0 0 10 0 10 10 0 10 0 0 10 0 10 10 0 10 0 0 | 3 9 10 18 19
    polygon | 0 0 10 4 10 6 0 10 0 0 | 3 9 10 18 19
    """#

/// The parts of ids: number of parts, part, ids.
let qdrantSliceAnswers = """
    2 0 | 1 3 9007199254740992 18446744073709551615 01234567-89ab-cdef-0fed-cba987654321 02468acf-1357-9bde-1fdb-97530eca8642 05b05b05-b05b-05ab-4fa4-fa4fa4fa4fa5
    2 1 | 0 2 100 0369d036-9d03-69cd-2fc9-62fc962fc963 07f6e5d4-c3b2-a189-6f80-91a2b3c4d5e7
    3 0 | 0369d036-9d03-69cd-2fc9-62fc962fc963 05b05b05-b05b-05ab-4fa4-fa4fa4fa4fa5
    3 1 | 3 100 18446744073709551615 01234567-89ab-cdef-0fed-cba987654321 02468acf-1357-9bde-1fdb-97530eca8642 07f6e5d4-c3b2-a189-6f80-91a2b3c4d5e7
    3 2 | 0 1 2 9007199254740992
    10 0 | 18446744073709551615 02468acf-1357-9bde-1fdb-97530eca8642
    10 1 | 100
    10 2 | 05b05b05-b05b-05ab-4fa4-fa4fa4fa4fa5
    10 6 | 3
    10 7 | 0369d036-9d03-69cd-2fc9-62fc962fc963
    10 8 | 1 9007199254740992 01234567-89ab-cdef-0fed-cba987654321
    10 9 | 0 2 07f6e5d4-c3b2-a189-6f80-91a2b3c4d5e7
    """
