<?php
/**
 * An edit of a source.
 *
 * @package Repair_Agent
 */

namespace Repair_Agent;

/**
 * Replaces some bytes of a source by others.
 */
final class Edit {

	/**
	 * Makes an edit.
	 *
	 * @param string $path        Source, relative to the workspace.
	 * @param int    $line        Line of the first byte, from 1.
	 * @param int    $offset      First byte, from 0.
	 * @param int    $length      Bytes that are replaced.
	 * @param string $replacement What is put there.
	 * @param string $rule        The rule that proposes it, in a few words.
	 */
	public function __construct(
		public readonly string $path,
		public readonly int $line,
		public readonly int $offset,
		public readonly int $length,
		public readonly string $replacement,
		public readonly string $rule
	) {}

	/**
	 * The source after the edit.
	 *
	 * @param string $code The source before it.
	 */
	public function apply_to( string $code ): string {
		return substr_replace( $code, $this->replacement, $this->offset, $this->length );
	}

	/**
	 * The edit for people: place, rule, the line before and after.
	 *
	 * @param string $code The source before the edit.
	 */
	public function describe( string $code ): string {
		$before = explode( "\n", $code );
		$after  = explode( "\n", $this->apply_to( $code ) );

		return sprintf(
			"%s:%d, %s\n- %s\n+ %s",
			$this->path,
			$this->line,
			$this->rule,
			trim( $before[ $this->line - 1 ] ),
			trim( $after[ $this->line - 1 ] ?? '' )
		);
	}
}
