"""The epochs of a job: train, validate, keep the best model, stop in time."""

import time
from dataclasses import dataclass, field
from functools import partial

from image_classification.data.dataset import Dataset
from image_classification.hyperparameters import Hyperparameters
from image_classification.log import TrainingLog
from image_classification.network.model_folder import ModelFolder
from image_classification.training.distributed.world import Share
from image_classification.training.evaluation import Tally, calibrated_sharpness, evaluate, has_stalled
from image_classification.training.trainer import Trainer


@dataclass
class TrainingRun:
    """The run of a job in one process. All processes make the same decisions, because they have the same sums."""

    hyperparameters: Hyperparameters
    trainer: Trainer
    validation: Dataset
    validation_share: Share
    batches_per_epoch: int
    folder: ModelFolder
    log: TrainingLog
    is_smoothed: bool
    accuracies: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Train until the last epoch, an early stop or a request to stop; the best model is then in the folder."""
        for epoch in range(self.hyperparameters.epochs):
            self.run_epoch(epoch)
            if self.trainer.stopped:
                self.log.note(f"Stopped in {self.named(epoch)} by request; the best model so far is kept.")
                break
            if self.hyperparameters.early_stopping and self.has_stalled():
                self.log.note(f"Early stopping after {self.named(epoch)}: the validation accuracy no longer improves.")
                break

    def named(self, epoch: int) -> str:
        """Return an epoch for people: as the metrics' lines count it, from zero, and as pages count it, from one."""
        return f"Epoch[{epoch}] (epoch {epoch + 1} of {self.hyperparameters.epochs})"

    def run_epoch(self, epoch: int) -> None:
        started = time.perf_counter()
        tally = self.tally()
        self.trainer.train_one_epoch(self.batches_per_epoch, tally, partial(self.log.batch, epoch))
        if self.trainer.stopped and self.accuracies:
            return  # stopped in the first epoch, there is no model yet: validate and store what there is
        self.log.share_of_epoch(epoch, tally.seen)
        tally.add_up(self.trainer.world)
        self.log.train_accuracy(epoch, tally.accuracy)
        self.log.time_cost(epoch, time.perf_counter() - started)
        self.validate(epoch, tally)

    def validate(self, epoch: int, training: Tally) -> None:
        tally, model, world = self.tally(), self.trainer.model, self.trainer.world
        model.sharpness.fill_(1)  # the logits of this epoch, without the calibration of an earlier one
        world.average([buffer for buffer in model.buffers() if buffer.is_floating_point()])
        logits, labels = evaluate(model, self.validation, tally, self.validation_share)
        tally.add_up(world)
        self.log.validation_accuracy(epoch, tally.accuracy)
        if self.hyperparameters.top_k is not None:
            self.log.top_k_accuracy(epoch, "Train", self.hyperparameters.top_k, training.top_k_accuracy)
            self.log.top_k_accuracy(epoch, "Validation", self.hyperparameters.top_k, tally.top_k_accuracy)
        is_best = not self.accuracies or tally.accuracy > max(self.accuracies)
        self.accuracies.append(tally.accuracy)
        if is_best and self.is_smoothed:
            model.sharpness.fill_(calibrated_sharpness(logits, labels, world))
        if world.is_first:
            self.store(epoch, tally.accuracy, is_best)

    def store(self, epoch: int, accuracy: float, is_best: bool) -> None:
        if is_best:
            self.log.best_model(accuracy)
            self.log.saved_checkpoint(self.folder.store_best(self.trainer.model, epoch))
        elif self.folder.keeps(epoch):
            self.log.saved_checkpoint(self.folder.store_checkpoint(self.trainer.model, epoch))

    def has_stalled(self) -> bool:
        return has_stalled(
            self.accuracies,
            self.hyperparameters.early_stopping_min_epochs,
            self.hyperparameters.early_stopping_patience,
            self.hyperparameters.early_stopping_tolerance,
        )

    def tally(self) -> Tally:
        return Tally(self.hyperparameters.multi_label, self.hyperparameters.top_k or 1)
