"""The review: images whose class a person decides, the answers, and the ground truth that these become.

An answer leaves two objects in the bucket. The record in `ground_truth/`, which monitors read, has the answer that
holds now; a changed answer replaces it, and an answer that is undone removes it. The log in `review_answers/` has one
object for each answer, change and undoing, and is only ever added to. Its folder `images/` has the answer about each
image, which applies to messages about it that are received later.

    desk           holds the messages of the review queue, and takes the answers
    queue_search   finds the messages of certain executions in the queue
    messages       what a message says
    pictures       whether the image of a message can be shown
    ground_truth   the record for the monitors, and the order for a loading bay
    answer_log     the log of answers
    image_answers  the answer about an image
    corrections    changes an answer, or undoes it
    labels         how many captured records have an answer
    answers        the answers that hold now, for pages
"""
