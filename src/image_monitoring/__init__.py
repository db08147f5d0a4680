"""The analyzer: a processing container's program that compares a window of captured records with a baseline.

It keeps Model Monitor's container contract: variables and folders in, three documents and a message out. It knows
neither AWS's APIs nor the kit, needs only NumPy, SciPy and Pillow, and runs on Python 3.9, which AWS's public
scikit-learn image has. It runs as `python -m image_monitoring`, or as a zip file with `__main__.py`, for a job whose
image is not its own.

Path of a baseline: `contract` names the job's inputs; `baseline` reads the held-out images and, for pixel statistics,
the training images; `measuring` describes the images and the model's answers, and `served_model` runs the model itself
for its embedding. `reporting` writes `statistics.json`, which holds every reference value, and `constraints.json`;
`embedding.npz` and the model's graph go beside them, so that a later analysis needs only the baseline's folder.

Path of a window of captured records:

1. `reading` streams the records of the capture files, one line at a time, and leaves out those outside of the window.
2. `measuring` measures batches of records and keeps a uniform sample of them, so the memory that a window needs does
   not depend on its length. Counts, means and extremes are those of all records.
3. `comparison.window` compares the sample with the baseline by the tests of `two_sample`, in seven families: answers,
   pixels one by one, their rare values, unusual images, embedding axis by axis, embedding as a whole, unusual
   embeddings. It corrects the p-values for the number of tests, and requires an effect that is large enough to matter.
4. `comparison.quality` judges the records that have ground truth: accuracy, precision, recall, calibration, by day.
5. `reporting` writes the three documents, the metrics for CloudWatch, and a message for people, which is also the job's
   exit message. `analysis` joins these steps.

`tabular` does the same for datasets of CSV and JSON, as Model Monitor's own container does.
"""

import os

# NumPy reads this when it is first imported. The matrices are small: more threads only wait for one another, and on a
# busy machine they take ten times as long as one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
