"""The analyzer for tables: CSV, JSON and captured records of both, under the contract of Model Monitor's own container.

Path of a data quality job:

1. `records` streams the dataset's rows: files of a baseline, or the captured records of the window, which the user's
   preprocessing script (`scripts`) may turn into rows. `flattening` makes one row of a record's two sides.
2. `columns` counts each column's types, missing values, categories and moments, and sketches its distribution (`kll`).
   It holds no rows, so the memory that a window needs does not depend on its length.
3. Without constraints, the job makes a baseline: `statistics` writes what was seen, `constraints` what to expect.
4. With constraints, `checks` compares types, completeness, domains, missing and extra columns, and the distance of the
   distributions (`distances`). `metric_lines` has the values for CloudWatch.

Path of a model quality job (`model_quality`): `predictions` reads pairs of prediction and ground truth, `metrics`
computes the metrics of the problem type, and `thresholds` suggests thresholds for them or applies those of a baseline.

Formulas follow Deequ, the open-source library behind AWS's container, and the developer guide.
"""
