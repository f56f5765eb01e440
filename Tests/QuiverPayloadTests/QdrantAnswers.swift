/// What Qdrant 1.19's engine (qdrant-edge-py 0.8.0) answers without indexes: payloads, one a line and named by its
/// place; then key, condition, and the places of the payloads that match.
let qdrantAnswers = #"""
    {}
    {"k":null}
    {"k":[]}
    {"k":[null]}
    {"k":[null,1]}
    {"k":1}
    {"k":1.0}
    {"k":2.5}
    {"k":"x"}
    {"k":["x","y"]}
    {"k":[["x"]]}
    {"k":[[]]}
    {"k":{}}
    {"k":{"b":1}}
    {"k":[{"b":1},{"b":null}]}
    {"k":[{"b":null}]}
    {"k":[{}]}
    {"k":[{"b":[]}]}
    {"k":true}
    {"k":[true]}
    {"k":[{"b":[]},{"b":[1]}]}
    {"k":"2020-01-01"}
    {"k":9223372036854775808}
    {"k":9007199254740993}
    {"k":-0.0}
    {"k":[1,"x"]}
    {"k":{"b":["x"]}}
    ----
    k | isEmpty | 0 1 2
    k | isNull | 1
    k | fieldEmpty true | 0 1 2
    k | fieldEmpty false | 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | fieldNull true | 1 3 4
    k | fieldNull false | 0 2 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | count gte 1 | 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | count lt 1 | 0 1 2
    k | count gte 2 | 4 9 14 20 25
    k | match int 1 | 4 5 25
    k | match string x | 8 9 25
    k | except string x | 4 5 6 7 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | except int 1 | 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | except string | 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | any string x y | 8 9 25
    k | any string | 
    k | range gte 1 | 4 5 6 7 22 23 25
    k | range | 4 5 6 7 22 23 24 25
    k | range gt 9007199254740992 | 22
    k | dates | 21
    k | dates lt 2020-06-01 | 21
    k | match+count gte 2 | 4 9 14 20 25
    k | match+fieldEmpty true | 0 1 2
    k | match+fieldNull false | 0 2 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k | match+range gte 1 | 4 5 6 7 8 9 22 23 25
    k | fieldEmpty true+fieldNull false | 0 1 2
    k[] | isEmpty | 0 1 2 3 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[] | isNull | 3 4
    k[] | fieldEmpty true | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[] | fieldEmpty false | 4 9 10 14 15 16 17 19 20 25
    k[] | fieldNull true | 3 4
    k[] | fieldNull false | 0 1 2 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[] | count gte 1 | 4 9 10 14 15 16 17 19 20 25
    k[] | count lt 1 | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[] | count gte 2 | 
    k[] | match int 1 | 4 25
    k[] | match string x | 9 10 25
    k[] | except string x | 4 9 14 15 16 17 19 20 25
    k[] | except int 1 | 9 10 14 15 16 17 19 20 25
    k[] | except string | 4 9 10 14 15 16 17 19 20 25
    k[] | any string x y | 9 10 25
    k[] | any string | 
    k[] | range gte 1 | 4 25
    k[] | range | 4 25
    k[] | range gt 9007199254740992 | 
    k[] | dates | 
    k[] | dates lt 2020-06-01 | 
    k[] | match+count gte 2 | 
    k[] | match+fieldEmpty true | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[] | match+fieldNull false | 0 1 2 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[] | match+range gte 1 | 4 9 10 25
    k[] | fieldEmpty true+fieldNull false | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[].b | isEmpty | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 18 19 21 22 23 24 25 26
    k[].b | isNull | 14 15
    k[].b | fieldEmpty true | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[].b | fieldEmpty false | 14 20
    k[].b | fieldNull true | 14 15
    k[].b | fieldNull false | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 16 17 18 19 20 21 22 23 24 25 26
    k[].b | count gte 1 | 14 20
    k[].b | count lt 1 | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[].b | count gte 2 | 
    k[].b | match int 1 | 14 20
    k[].b | match string x | 
    k[].b | except string x | 14 20
    k[].b | except int 1 | 
    k[].b | except string | 14 20
    k[].b | any string x y | 
    k[].b | any string | 
    k[].b | range gte 1 | 14 20
    k[].b | range | 14 20
    k[].b | range gt 9007199254740992 | 
    k[].b | dates | 
    k[].b | dates lt 2020-06-01 | 
    k[].b | match+count gte 2 | 
    k[].b | match+fieldEmpty true | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[].b | match+fieldNull false | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 16 17 18 19 20 21 22 23 24 25 26
    k[].b | match+range gte 1 | 14 20
    k[].b | fieldEmpty true+fieldNull false | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k.b | isEmpty | 0 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25
    k.b | isNull | 
    k.b | fieldEmpty true | 0 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25
    k.b | fieldEmpty false | 13 26
    k.b | fieldNull true | 
    k.b | fieldNull false | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k.b | count gte 1 | 13 26
    k.b | count lt 1 | 0 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25
    k.b | count gte 2 | 
    k.b | match int 1 | 13
    k.b | match string x | 26
    k.b | except string x | 13
    k.b | except int 1 | 26
    k.b | except string | 13 26
    k.b | any string x y | 26
    k.b | any string | 
    k.b | range gte 1 | 13
    k.b | range | 13
    k.b | range gt 9007199254740992 | 
    k.b | dates | 
    k.b | dates lt 2020-06-01 | 
    k.b | match+count gte 2 | 
    k.b | match+fieldEmpty true | 0 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25
    k.b | match+fieldNull false | 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k.b | match+range gte 1 | 13 26
    k.b | fieldEmpty true+fieldNull false | 0 1 2 3 4 5 6 7 8 9 10 11 12 14 15 16 17 18 19 20 21 22 23 24 25
    k[0] | isEmpty | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[0] | isNull | 3 4
    k[0] | fieldEmpty true | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[0] | fieldEmpty false | 9 10 14 15 16 17 19 20 25
    k[0] | fieldNull true | 3 4
    k[0] | fieldNull false | 0 1 2 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[0] | count gte 1 | 9 10 14 15 16 17 19 20 25
    k[0] | count lt 1 | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[0] | count gte 2 | 
    k[0] | match int 1 | 25
    k[0] | match string x | 9 10
    k[0] | except string x | 14 15 16 17 19 20 25
    k[0] | except int 1 | 9 10 14 15 16 17 19 20
    k[0] | except string | 9 10 14 15 16 17 19 20 25
    k[0] | any string x y | 9 10
    k[0] | any string | 
    k[0] | range gte 1 | 25
    k[0] | range | 25
    k[0] | range gt 9007199254740992 | 
    k[0] | dates | 
    k[0] | dates lt 2020-06-01 | 
    k[0] | match+count gte 2 | 
    k[0] | match+fieldEmpty true | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    k[0] | match+fieldNull false | 0 1 2 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    k[0] | match+range gte 1 | 9 10 25
    k[0] | fieldEmpty true+fieldNull false | 0 1 2 3 4 5 6 7 8 11 12 13 18 21 22 23 24 26
    """#
