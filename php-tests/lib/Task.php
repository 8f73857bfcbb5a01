<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * Input of tasks on the fixtures: a workspace to change and a component with an ability for every
 * way that a task can end.
 */
final class Task {

	/**
	 * A task.
	 *
	 * @param string               $ability Ability of the fixture `tasks`, without its namespace.
	 * @param array<string, mixed> $more    Further fields, or others instead.
	 * @return array<string, mixed>
	 */
	public static function input( string $ability, array $more = array() ): array {
		return array_merge(
			array(
				'goal'                => "Carry out tasks/{$ability}.",
				'mounts'              => array(
					array(
						'source' => Site::fixture( 'workspace' ),
						'target' => '/workspace/project',
						'mode'   => 'readwrite',
					),
				),
				'component_contracts' => array(
					array(
						'slug' => 'tasks',
						'path' => Site::fixture( 'tasks' ),
					),
				),
				'runtime_task'        => array(
					'ability' => "tasks/{$ability}",
					'input'   => array( 'workspace' => '/workspace/project' ),
				),
			),
			$more
		);
	}

	/**
	 * What the workspace looks like after `tasks/edit`.
	 *
	 * @return array<string, string>
	 */
	public static function edited(): array {
		return array(
			'greeting.txt'    => "Hello, sandbox\n",
			'notes/added.txt' => 'no newline at the end',
			'notes/kept.txt'  => "kept\n",
		);
	}
}
