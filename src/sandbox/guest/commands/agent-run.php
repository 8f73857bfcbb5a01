<?php
/**
 * Gives a task to the agent inside.
 */

namespace WP_Codebox\Sandbox;

/**
 * The input of `agents/chat`.
 *
 * @param array<string, mixed> $call What is asked for.
 * @return array<string, mixed>
 */
function agent_input( array $call ): array {
	$modes = array_values( array_unique( array( $call['mode'], 'chat' ) ) );
	$input = array(
		'agent'          => $call['agent'] ?? null,
		'message'        => $call['task'],
		'session_id'     => $call['session_id'] ?? null,
		'mode'           => $call['mode'],
		'modes'          => $modes,
		'max_turns'      => $call['max_turns'] ?? null,
		'provider'       => $call['provider'] ?? null,
		'model'          => $call['model'] ?? null,
		'client_context' => array(
			'source'             => 'bridge',
			'client_name'        => 'wp-codebox',
			'connector_id'       => 'wp-codebox-cli',
			'codebox_session_id' => $call['session_id'] ?? null,
			'mode'               => $call['mode'],
			'agent_modes'        => $modes,
			'workspace_root'     => '/workspace',
		) + array_filter(
			array(
				'sandbox_workspace'    => $call['workspace_context'] ?? null,
				'structured_artifacts' => $call['structured_artifacts'] ?? null,
			)
		),
		'structured_artifacts' => $call['structured_artifacts'] ?? null,
		'tool_policy'    => isset( $call['allow_only'] ) ? array(
			'mode'  => 'allow',
			'tools' => $call['allow_only'],
		) : null,
		'allow_only'     => $call['allow_only'] ?? null,
		'principal'      => array(
			'acting_user_id'     => 0,
			'effective_agent_id' => $call['agent'] ?? null,
			'auth_source'        => 'runtime',
			'request_context'    => 'runtime',
			'token_id'           => null,
			'workspace_id'       => 'wp-codebox',
			'client_id'          => 'wp-codebox-cli',
			'owner_type'         => 'runtime',
		),
	);
	return array_filter( $input, static fn( mixed $value ): bool => null !== $value );
}

/**
 * Why an answer is none yet; null if it is one.
 *
 * @param mixed $result What the agent returned.
 */
function agent_unfinished( mixed $result ): ?string {
	if ( ! is_array( $result ) ) {
		return null;
	}
	return match ( true ) {
		! empty( $result['pending_tools'] )                  => 'it waits for tools',
		! empty( $result['max_turns_reached'] )              => 'it has used up its turns',
		in_array( $result['status'] ?? '', array( 'processing', 'pending', 'running' ), true ) => 'it says that it is still at work',
		false === ( $result['completed'] ?? null )           => 'it says that it has not completed the task',
		default                                              => null,
	};
}

return static function ( array $call ): array {
	$task  = $call['runtime_task'] ?? null;
	$name  = $task['ability'] ?? 'agents/chat';
	$input = agent_input( $call );
	if ( null !== $task ) {
		$input = $task['input'] ?? array( 'task_input' => $input );
	} elseif ( ! \wp_has_ability( $name ) ) {
		throw new Failed(
			'agents_chat_unavailable',
			'There is no agent in the sandbox: no component registers the ability agents/chat, and runtime-task-json names no other.',
			array( 'registered' => array_keys( \wp_get_abilities() ) ),
			'ability-missing'
		);
	}
	// Whoever may run commands in the sandbox may talk to its agent.
	\add_filter( 'agents_chat_runtime_principal_permission', '__return_true' );
	$result     = call_ability(
		array(
			'name'  => $name,
			'input' => $input,
		)
	);
	$unfinished = agent_unfinished( $result );
	if ( null !== $unfinished ) {
		throw new Failed( 'agent_runtime_incomplete', sprintf( 'The agent has not finished: %s.', $unfinished ), array( 'result' => $result ) );
	}
	if ( is_array( $result ) && false === ( $result['success'] ?? null ) ) {
		$error   = $result['error'] ?? null;
		$message = is_array( $error ) ? ( $error['message'] ?? null ) : $error;
		throw new Failed( 'agent_runtime_failed', is_string( $message ) ? $message : 'The agent says that it did not succeed.', array( 'result' => $result ) );
	}
	return array(
		'schema'  => 'wp-codebox/agent-sandbox-run/v1',
		'command' => 'wp-codebox.agent-sandbox-run',
		'ability' => $name,
		'result'  => $result,
	);
};
