/// What Qdrant 1.19's engine (qdrant-edge-py 0.8.0) answers about texts: payloads, one a line and named by its place; then
/// the index on `t` (none, a text index, one that answers phrases), key, condition, what is searched for, and the places
/// of the payloads that match.
let qdrantTextAnswers = #"""
    {"t":"red apple"}
    {"t":["red apple","green pear"]}
    {"t":""}
    {"t":[]}
    {"t":5}
    {"t":"Red Apple pie"}
    {"t":"apple red"}
    {"t":"!!!"}
    {"t":["red","apple"]}
    {"t":"a the"}
    {"t":"the red apple is a red"}
    {"t":[["red apple"]]}
    {"t":{"b":"red apple"}}
    {"t":null}
    {"t":"xred applex"}
    {}
    ----
    none | t | text | red | 0 1 6 8 10 14
    none | t | any | red | 0 1 6 8 10 14
    none | t | phrase | red | 0 1 6 8 10 14
    none | t | prefix | red | 0 1 8
    none | t | text | red apple | 0 1 10 14
    none | t | any | red apple | 0 1 6 8 10 14
    none | t | phrase | red apple | 0 1 10 14
    none | t | prefix | red apple | 0 1
    none | t | text | apple red | 6
    none | t | any | apple red | 0 1 6 8 10 14
    none | t | phrase | apple red | 6
    none | t | prefix | apple red | 6
    none | t | text | red pear | 
    none | t | any | red pear | 0 1 6 8 10 14
    none | t | phrase | red pear | 
    none | t | prefix | red pear | 
    none | t | text |  | 0 1 2 5 6 7 8 9 10 14
    none | t | any |  | 
    none | t | phrase |  | 0 1 2 5 6 7 8 9 10 14
    none | t | prefix |  | 0 1 2 5 6 7 8 9 10 14
    none | t | text |   | 0 1 5 6 9 10 14
    none | t | any |   | 
    none | t | phrase |   | 0 1 5 6 9 10 14
    none | t | prefix |   | 
    none | t | text | pie red | 
    none | t | any | pie red | 0 1 5 6 8 10 14
    none | t | phrase | pie red | 
    none | t | prefix | pie red | 
    none | t | text | !!! | 7
    none | t | any | !!! | 7
    none | t | phrase | !!! | 7
    none | t | prefix | !!! | 7
    none | t | text | green pear | 1
    none | t | any | green pear | 1
    none | t | phrase | green pear | 1
    none | t | prefix | green pear | 1
    none | t | text | red  apple | 
    none | t | any | red  apple | 0 1 6 8 10 14
    none | t | phrase | red  apple | 
    none | t | prefix | red  apple | 
    none | t | text | Red | 5
    none | t | any | Red | 5
    none | t | phrase | Red | 5
    none | t | prefix | Red | 5
    none | t | text | missing red | 
    none | t | any | missing red | 0 1 6 8 10 14
    none | t | phrase | missing red | 
    none | t | prefix | missing red | 
    none | t[] | text | red apple | 1 11
    none | t[] | prefix | red apple | 1 11
    none | t[] | text | Red | 
    none | t[] | prefix | Red | 
    text | t | text | red | 0 1 5 6 8 10
    text | t | any | red | 0 1 5 6 8 10
    text | t | phrase | red | 
    text | t | text | red apple | 0 1 5 6 8 10
    text | t | any | red apple | 0 1 5 6 8 10
    text | t | phrase | red apple | 
    text | t | text | apple red | 0 1 5 6 8 10
    text | t | any | apple red | 0 1 5 6 8 10
    text | t | phrase | apple red | 
    text | t | text | red pear | 1
    text | t | any | red pear | 0 1 5 6 8 10
    text | t | phrase | red pear | 
    text | t | text |  | 
    text | t | any |  | 
    text | t | phrase |  | 
    text | t | text |   | 
    text | t | any |   | 
    text | t | phrase |   | 
    text | t | text | pie red | 5
    text | t | any | pie red | 0 1 5 6 8 10
    text | t | phrase | pie red | 
    text | t | text | !!! | 
    text | t | any | !!! | 
    text | t | phrase | !!! | 
    text | t | text | green pear | 1
    text | t | any | green pear | 1
    text | t | phrase | green pear | 
    text | t | text | red  apple | 0 1 5 6 8 10
    text | t | any | red  apple | 0 1 5 6 8 10
    text | t | phrase | red  apple | 
    text | t | text | Red | 0 1 5 6 8 10
    text | t | any | Red | 0 1 5 6 8 10
    text | t | phrase | Red | 
    text | t | text | missing red | 
    text | t | any | missing red | 0 1 5 6 8 10
    text | t | phrase | missing red | 
    text | t[] | text | red apple | 1 11
    text | t[] | prefix | red apple | 1 11
    text | t[] | text | Red | 
    text | t[] | prefix | Red | 
    phrases | t | text | red | 0 1 5 6 8 10
    phrases | t | any | red | 0 1 5 6 8 10
    phrases | t | phrase | red | 0 1 5 6 8 10
    phrases | t | text | red apple | 0 1 5 6 8 10
    phrases | t | any | red apple | 0 1 5 6 8 10
    phrases | t | phrase | red apple | 0 1 5 10
    phrases | t | text | apple red | 0 1 5 6 8 10
    phrases | t | any | apple red | 0 1 5 6 8 10
    phrases | t | phrase | apple red | 6
    phrases | t | text | red pear | 1
    phrases | t | any | red pear | 0 1 5 6 8 10
    phrases | t | phrase | red pear | 
    phrases | t | text |  | 
    phrases | t | any |  | 
    phrases | t | phrase |  | 
    phrases | t | text |   | 
    phrases | t | any |   | 
    phrases | t | phrase |   | 
    phrases | t | text | pie red | 5
    phrases | t | any | pie red | 0 1 5 6 8 10
    phrases | t | phrase | pie red | 
    phrases | t | text | !!! | 
    phrases | t | any | !!! | 
    phrases | t | phrase | !!! | 
    phrases | t | text | green pear | 1
    phrases | t | any | green pear | 1
    phrases | t | phrase | green pear | 1
    phrases | t | text | red  apple | 0 1 5 6 8 10
    phrases | t | any | red  apple | 0 1 5 6 8 10
    phrases | t | phrase | red  apple | 0 1 5 10
    phrases | t | text | Red | 0 1 5 6 8 10
    phrases | t | any | Red | 0 1 5 6 8 10
    phrases | t | phrase | Red | 0 1 5 6 8 10
    phrases | t | text | missing red | 
    phrases | t | any | missing red | 0 1 5 6 8 10
    phrases | t | phrase | missing red | 
    phrases | t[] | text | red apple | 1 11
    phrases | t[] | prefix | red apple | 1 11
    phrases | t[] | text | Red | 
    phrases | t[] | prefix | Red | 
    """#
