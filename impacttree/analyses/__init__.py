"""Questions and their answers: one question, one file, one function, one frozen result, and nothing else.

Functions take a `Subject` (a checked tree with its compiled model and its words) and return a subclass of `Result`.
Adding a question is adding a file here, its import in `impacttree.questions` and the line that binds it to
`ImpactTree`; contract tests find it by its being here. What the questions share stands in `impacttree.answers`.
"""
